"""What runs on a server host: the frameworks' units, started and stopped."""
