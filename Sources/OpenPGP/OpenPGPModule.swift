package enum OpenPGPModule {}
