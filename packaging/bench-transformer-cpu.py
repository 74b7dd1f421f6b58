#!/usr/bin/env python3
"""One transformer call on this machine's CPU in f32, Danqing and diffusers in turn: width 768, 12 layers, 12 heads, 256
image tokens; the other networks are the small ones of the tests.

    python3 packaging/bench-transformer-cpu.py [DANQING] [--rounds 5]

Each round paints nine steps with either; the median of all steps but the first counts. Danqing's are the steps of
`danqing generate --json`, the scheduler's arithmetic included. Needs torch, transformers and diffusers.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from diffusers import ZImagePipeline, ZImageTransformer2DModel

SMALL = Path(__file__).resolve().parents[1] / "tests/files/golden/tiny/model_f32"
PROMPT = "a red fox in snow"
STEPS = 9


def make(folder):
    shutil.copytree(SMALL, folder)
    shutil.rmtree(folder / "transformer")
    config = json.loads((SMALL / "transformer/config.json").read_text())
    config = {key: value for key, value in config.items() if not key.startswith("_")}
    config |= dict(dim=768, n_heads=12, n_kv_heads=12, n_layers=12, n_refiner_layers=2, axes_dims=[16, 24, 24],
                   axes_lens=[1536, 512, 512])
    transformer = ZImageTransformer2DModel(**config).float()
    with torch.no_grad():
        for parameter in transformer.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.02)
    transformer.save_pretrained(folder / "transformer")


def danqing(program, model, side):
    picture = model.parent / "picture.png"
    answer = subprocess.run(
        [program, "generate", PROMPT, "--model", model, "--size", f"{side}x{side}", "--steps", str(STEPS), "--device",
         "cpu", "--dtype", "f32", "--json", "--output", picture], check=True, capture_output=True, text=True).stdout
    return statistics.median(json.loads(answer.splitlines()[0])["step_seconds"][1:])


@torch.no_grad()
def diffusers(pipeline, side):
    seconds, forward = [], pipeline.transformer.forward

    def timed(*given, **named):
        start = time.perf_counter()
        answer = forward(*given, **named)
        seconds.append(time.perf_counter() - start)
        return answer

    pipeline.transformer.forward = timed
    pipeline(PROMPT, height=side, width=side, num_inference_steps=STEPS, guidance_scale=0.0)
    pipeline.transformer.forward = forward
    return statistics.median(seconds[1:])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("danqing", nargs="?", default="danqing")
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    times = {"Danqing": [], "diffusers": []}
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        make(model)
        pipeline = ZImagePipeline.from_pretrained(model, torch_dtype=torch.float32)
        pipeline.set_progress_bar_config(disable=True)
        # Sixteen tokens a side, each of two by two latents.
        side = 32 * 2 ** (len(pipeline.vae.config.block_out_channels) - 1)
        for _ in range(given.rounds):
            times["Danqing"].append(danqing(given.danqing, model, side))
            times["diffusers"].append(diffusers(pipeline, side))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "torch": torch.__version__, "seconds": times,
                      "median": medians, "ratio": medians["Danqing"] / medians["diffusers"]}, indent=1))


if __name__ == "__main__":
    main()
