#!/usr/bin/env python3
"""How fast Danqing and diffusers paint with the demo model on this machine's CPU, in turn, from the same folder.

    python3 packaging/demo-model/bench-against-diffusers.py [DANQING] [--rounds 5]

Each round paints a few pictures of 256 x 256 in 8 steps with Danqing (`danqing generate --json`, seconds of the last one,
loading apart) and as many with a pipeline of diffusers in f32 that stays loaded. Medians and their ratio are printed.
Needs torch, transformers and diffusers.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from diffusers import ZImagePipeline

MODEL = Path(__file__).resolve().parents[2] / "assets/models/demo"
PROMPTS = ["群山间的红色小屋，黄昏", "a paper-cut fox in the forest", "水彩风景，雪山，清晨"]


def danqing(program):
    """Seconds from prompt to pixels of the last of the prompts: the first ones warm the process up."""
    more = [word for prompt in PROMPTS[1:] for word in ("--also", prompt)]
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run(
            [program, "generate", PROMPTS[0], *more, "--model", MODEL, "--device", "cpu", "--size", "256x256",
             "--seed", "1", "--output", folder, "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(answer.splitlines()[-1])["seconds"]["total"]


@torch.no_grad()
def diffusers(pipeline):
    for prompt in PROMPTS:
        start = time.perf_counter()
        pipeline(prompt, height=256, width=256, num_inference_steps=8, guidance_scale=0.0,
                 generator=torch.Generator().manual_seed(1), max_sequence_length=512)
        seconds = time.perf_counter() - start
    return seconds


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("danqing", nargs="?", default="danqing")
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    pipeline = ZImagePipeline.from_pretrained(MODEL, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    diffusers(pipeline)
    times = {"Danqing": [], "diffusers": []}
    for _ in range(given.rounds):
        times["Danqing"].append(danqing(given.danqing))
        times["diffusers"].append(diffusers(pipeline))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "seconds": times, "median": medians,
                      "ratio": medians["Danqing"] / medians["diffusers"]}, indent=1))


if __name__ == "__main__":
    main()
