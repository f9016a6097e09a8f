"""The same work done by the workbench and by what people use today, side by side."""
