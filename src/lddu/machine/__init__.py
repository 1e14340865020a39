"""Where work runs: devices, ranks, threads, processes, clusters, caches, atomic files."""
