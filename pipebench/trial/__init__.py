"""`./bench try FOLDER`: one framework, started on this computer as its unit would, and probed."""
