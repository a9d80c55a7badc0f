"""Jobs, the worker process that answers them, the reader process, and the model runtimes.

Why it is built so, where a newcomer would otherwise build it again:

- ``subprocess`` of this program with the word ``worker``, not ``multiprocessing``'s spawn, which
  runs ``main`` again and needs care when frozen; not a pool of executors, which breaks every
  future when one process dies.
- One connection with a thread on each side, not standard output, to which TensorFlow writes.
- Paths travel to the worker, arrays do not: a batch would make the window decode every file.
- No pickles between processes: a reader that a damaged file has taken over must not be able to
  run code in the window, and records are rebuilt by their constructors.
- Several spectra share one call of the network; each job still succeeds or fails for itself. When
  the worker dies, the job begun last is taken for the culprit and the others run alone.
"""
