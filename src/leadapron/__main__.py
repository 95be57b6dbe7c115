"""`python -m leadapron`, where the console script is not on the path."""

from leadapron.cli import main

main()
