"""Finds host/, which lies beside this folder, or with it in one file: the reader of answers."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
