package enum OperationsModule {}
