"""What runs on a load generator: the driver of the load tools."""
