"""What a command says to the shell at its end."""

OK, SOME_FAILED, WRONG_USAGE = 0, 1, 2
