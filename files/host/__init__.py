"""What runs on a server host and on a load generator alike."""
