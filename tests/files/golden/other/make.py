"""Makes this folder with diffusers 0.42.1: a random checkpoint unlike `tiny` in every size, and one picture of it.

    python3 make.py ../tiny/model_f32/tokenizer

Three query heads share a key in the text encoder, heads of the transformer are 8 wide, the autoencoder has three levels and eight latent channels,
and the schedule shifts with the size of the picture. Weights are rounded to bf16 and stored so; the numbers are those
of the same weights in f32.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from diffusers import (AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImagePipeline,
                       ZImageTransformer2DModel)
from safetensors.torch import save_file
from transformers import AutoTokenizer, Qwen3Config, Qwen3Model

PROMPT = "A red fox jumps over the snow, 水墨画."
WIDTH, HEIGHT, STEPS = 80, 48, 3
FOLDER = Path(__file__).parent
random = torch.Generator().manual_seed(20)


def weights(module):
    """Draws all parameters such that no part of the network is negligible, and rounds them to bf16."""
    for name, parameter in module.named_parameters():
        drawn = torch.randn(parameter.shape, generator=random)
        if "norm" in name and name.endswith("weight"):
            drawn = 1 + 0.1 * drawn
        elif parameter.dim() < 2 or "pad_token" in name:
            drawn = 0.05 * drawn
        else:
            drawn = drawn / parameter[0].numel() ** 0.5
        parameter.data = drawn.bfloat16().float()
    return module.eval()


def store(part, module, file, config):
    (FOLDER / part).mkdir(exist_ok=True)
    state = {name: tensor.bfloat16().contiguous() for name, tensor in module.state_dict().items()}
    save_file(state, FOLDER / part / file, metadata={"format": "pt"})
    (FOLDER / part / "config.json").write_text(json.dumps(config, indent=2, default=str) + "\n")


def main():
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    text = Qwen3Config(vocab_size=448, hidden_size=32, intermediate_size=56, num_hidden_layers=3,
                       num_attention_heads=6, num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-6,
                       rope_theta=100000.0, tie_word_embeddings=True, attention_bias=False)
    text_encoder = weights(Qwen3Model(text))
    transformer = weights(ZImageTransformer2DModel(
        all_patch_size=(2,), all_f_patch_size=(1,), in_channels=8, dim=24, n_layers=2, n_refiner_layers=1,
        n_heads=3, n_kv_heads=3, cap_feat_dim=32, axes_dims=[2, 2, 4], axes_lens=[1024, 64, 64]))
    vae = weights(AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(8, 8, 16), layers_per_block=1, latent_channels=8, norm_num_groups=4, sample_size=32,
        scaling_factor=0.7, shift_factor=-0.1, use_quant_conv=False, use_post_quant_conv=False))
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, base_shift=0.4, max_shift=1.3, base_image_seq_len=64, max_image_seq_len=1024)
    pipeline = ZImagePipeline(scheduler, vae, text_encoder, tokenizer, transformer)
    pipeline.set_progress_bar_config(disable=True)

    noise = torch.randn((1, 8, HEIGHT // 4, WIDTH // 4), generator=random)
    golden = {"initial_latents": noise.clone()}

    def keep(_, step, __, given):
        golden[f"latents.{step}"] = given["latents"].float().clone()
        return {}

    with torch.no_grad():
        picture = pipeline(PROMPT, height=HEIGHT, width=WIDTH, num_inference_steps=STEPS, guidance_scale=0.0,
                           latents=noise, output_type="np", callback_on_step_end=keep).images
    golden["image_u8"] = torch.from_numpy((picture * 255).round().astype("uint8"))
    golden["sigmas"] = pipeline.scheduler.sigmas.float()
    save_file({name: tensor.contiguous() for name, tensor in golden.items()}, FOLDER / "picture.safetensors")

    text_config = {**text.to_dict(), "model_type": "qwen3", "rope_theta": 100000.0, "rope_scaling": None}
    store("text_encoder", text_encoder, "model.safetensors", text_config)
    store("transformer", transformer, "diffusion_pytorch_model.safetensors", dict(transformer.config))
    store("vae", vae, "diffusion_pytorch_model.safetensors", dict(vae.config))
    scheduler.save_config(FOLDER / "scheduler")
    shutil.copytree(sys.argv[1], FOLDER / "tokenizer", dirs_exist_ok=True)
    pipeline_index = {"_class_name": "ZImagePipeline", "_diffusers_version": "0.42.1"}
    (FOLDER / "model_index.json").write_text(json.dumps(pipeline_index, indent=2) + "\n")
    print({name: tensor.std().item() for name, tensor in golden.items() if tensor.is_floating_point()},
          picture.std(), golden["sigmas"])


if __name__ == "__main__":
    main()
