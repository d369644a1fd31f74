"""The peers' side of `cargo xtask bench`: one repetition a line of input, one JSON object each (see benches/src/main.rs)."""
import json
import sys
import time


def take_turns(repetition, version):
    """Says which version stands ready, then runs `repetition` for every line; it gives a number that the contenders should share."""
    print(json.dumps({"ready": True, "version": version}), flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        check = float(repetition())
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"wall_ms": 1e3 * wall, "cpu_ms": 1e3 * cpu, "check": check}), flush=True)
