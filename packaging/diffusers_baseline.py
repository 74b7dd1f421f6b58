#!/usr/bin/env python3
"""How fast diffusers paints with Z-Image-Turbo on this machine: the other side of bench-against-diffusers.

Weights are random and made on the GPU, so nothing is downloaded; the speed of a network does not depend on what it
learnt. Everything a call of the pipeline does is timed: text encoder (padded to 512 tokens, as the pipeline does),
eight transformer calls, VAE, conversion to pixels. The transformer's blocks are compiled, which is diffusers' own
advice for speed. One JSON object a line on stdout, everything else on stderr.

    python3 diffusers_baseline.py 512x1 1024x1 2048x1 1024x4
"""
import argparse
import json
import os
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
from transformers import Qwen3Config, Qwen3Model

GPU = torch.device("cuda")
CAPTION_TOKENS = 90
STEPS = 8


class RandomPrompt:
    """Stands in for the tokenizer: random ids, as many real ones as the benchmark's prompt has, padded to the limit."""

    def apply_chat_template(self, messages, **_):
        return messages[0]["content"]

    def __call__(self, texts, max_length=512, **_):
        shape = (len(texts), max_length)
        self.input_ids = torch.randint(0, 151_000, shape, generator=torch.Generator().manual_seed(1))
        self.attention_mask = (torch.arange(max_length) < CAPTION_TOKENS).long().expand(shape).clone()
        return self


@torch.no_grad()
def randomise(module):
    for name, weight in module.named_parameters():
        if weight.ndim > 1:
            weight.normal_(0, 0.02)
        else:
            weight.fill_(float(name.endswith("weight")))
    return module.eval().requires_grad_(False)


def build_pipeline():
    torch.set_default_dtype(torch.bfloat16)
    with GPU:
        transformer = ZImageTransformer2DModel(
            dim=3840, n_layers=30, n_refiner_layers=2, n_heads=30, n_kv_heads=30, cap_feat_dim=2560,
            axes_dims=[32, 48, 48], axes_lens=[1536, 512, 512])
        text_encoder = Qwen3Model(Qwen3Config(
            vocab_size=151_936, hidden_size=2560, num_hidden_layers=36, num_attention_heads=32, num_key_value_heads=8,
            head_dim=128, intermediate_size=9728, rope_theta=1e6, max_position_embeddings=40_960))
        vae = AutoencoderKL(
            down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
            block_out_channels=[128, 256, 512, 512], layers_per_block=2, latent_channels=16, sample_size=1024,
            scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False)
    torch.set_default_dtype(torch.float32)
    pipeline = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=randomise(vae),
        text_encoder=randomise(text_encoder), tokenizer=None, transformer=randomise(transformer))
    pipeline.tokenizer = RandomPrompt()
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def compile_blocks(transformer):
    torch._dynamo.config.recompile_limit = 64
    for blocks in (transformer.noise_refiner, transformer.context_refiner, transformer.layers):
        for block in blocks:
            block.compile(dynamic=False)


def median_ms(call, runs):
    call()
    times = []
    for _ in range(runs):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - begin))
    return round(statistics.median(times), 3)


@torch.no_grad()
def measure(pipeline, side, count, runs):
    def paint(steps=STEPS):
        return pipeline(
            prompt=["random"] * count, height=side, width=side, num_inference_steps=steps, guidance_scale=0.0,
            generator=torch.Generator(GPU).manual_seed(0), output_type="pil").images

    begin = time.perf_counter()
    paint(1)
    first = time.perf_counter() - begin
    torch.cuda.reset_peak_memory_stats()
    latents = torch.randn(count, 16, side // 8, side // 8, device=GPU, dtype=torch.bfloat16)
    caption = torch.randn(CAPTION_TOKENS, 2560, device=GPU, dtype=torch.bfloat16)
    inputs = [[latent[:, None] for latent in latents], torch.full((count,), 0.3, device=GPU), [caption] * count]
    encode = lambda: pipeline.encode_prompt(["random"] * count, device=GPU, do_classifier_free_guidance=False)
    return {
        "size": f"{side}x{side}", "count": count, "first_run_seconds": round(first, 2),
        "end_to_end_ms": median_ms(paint, runs),
        "step_ms": median_ms(lambda: pipeline.transformer(*inputs, return_dict=False), runs),
        "encode_text_ms": median_ms(encode, runs),
        "decode_ms": median_ms(lambda: pipeline.vae.decode(latents, return_dict=False), runs),
        "peak_memory": torch.cuda.max_memory_allocated(),
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="+", metavar="SIDExCOUNT", help="side in pixels and pictures at once")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--eager", action="store_true", help="do not compile the transformer's blocks")
    chosen = arguments.parse_args()
    pipeline = build_pipeline()
    if not chosen.eager:
        compile_blocks(pipeline.transformer)
    for case in chosen.cases:
        side, count = map(int, case.split("x"))
        print(json.dumps(measure(pipeline, side, count, chosen.runs)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
