"""One file a load tool, named after it; each has a class `Tool`, as generator/tool.py describes."""
