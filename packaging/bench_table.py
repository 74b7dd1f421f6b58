#!/usr/bin/env python3
"""Prints what bench-against-diffusers measured: a table of a folder of answers, or with --line each answer of stdin.

    bench_table.py FOLDER
    bench_table.py --line NAME < ANSWERS
"""
import json
import sys
from pathlib import Path

WHATS = ("end_to_end_ms", "step_ms", "encode_text_ms", "decode_ms")
ONCE = ("kernels_seconds", "load_seconds", "first_run_seconds")


def answers(lines):
    """The JSON objects among the lines: a measurement that was stopped may have left half of one."""
    for line in lines:
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict) and "size" in answer:
            yield answer


def held(answer):
    """Peak memory in GiB: Danqing says how it was measured, diffusers gives bytes."""
    memory = answer.get("peak_memory")
    memory = memory.get("bytes") if isinstance(memory, dict) else memory
    return memory and memory / 2**30


def line(name, answer):
    parts = [f"{what.removesuffix('_ms')} {answer[what]:.1f} ms" for what in WHATS if answer.get(what)]
    parts += [f"{what.removesuffix('_seconds')} {answer[what]:.1f} s" for what in ONCE if answer.get(what)]
    parts += [f"{held(answer):.1f} GiB"] if held(answer) else []
    if answer.get("error_against_bf16"):
        parts.append(f"{answer['error_against_bf16']:.3f} from bf16")
    return f"{name} {answer['size']} × {answer['count']}: " + ", ".join(parts)


def rows(name, answer, other):
    """What was measured, ours and theirs."""
    # Danqing paints the pictures of a batch one by one, so that its parts are those of one picture.
    whats = WHATS if answer["count"] == 1 else WHATS[:1]
    yield from ((what, answer.get(what), other.get(what)) for what in whats)
    yield "peak GiB", held(answer), held(other)
    if name == "loaded":
        yield from ((what, answer.get(what), None) for what in ONCE)
    yield "from bf16", answer.get("error_against_bf16"), None


def table(folder):
    def read(name):
        path = folder / name
        lines = path.read_text().splitlines() if path.exists() else []
        return {(answer["size"], answer["count"]): answer for answer in answers(lines)}

    theirs = read("diffusers")
    print(f"{'':11}{'':>10}{'':>20}{'Danqing':>10}{'diffusers':>11}{'ratio':>8}")
    for name in ("bf16", "fp8", "int8", "low-memory", "loaded"):
        for case, answer in read(name).items():
            for what, ours, other in rows(name, answer, theirs.get(case, {})):
                if ours is None:
                    continue
                compared = f"{other:11.2f}{ours / other:8.3f}" if other else ""
                print(f"{name:11}{case[0]:>10} × {case[1]}{what:>20}{ours:10.3f}{compared}")


def main():
    match sys.argv[1:]:
        case ["--line", name]:
            for answer in answers(sys.stdin):
                print(line(name, answer), flush=True)
        case [folder]:
            table(Path(folder))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
