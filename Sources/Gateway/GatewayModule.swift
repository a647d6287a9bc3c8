package enum GatewayModule {}
