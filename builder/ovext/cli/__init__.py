"""The command `ovext`: each command reads its arguments, calls the packages below, and shows what they return."""
