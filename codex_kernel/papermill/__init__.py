"""What papermill needs for notebooks of this kernel, a host: how parameters become a cell."""
