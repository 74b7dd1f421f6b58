"""Trains the demo model on one GPU from pictures that `danqing train demo dataset` painted.

    python3 train_demo.py DATA OUT --autoencoder-seconds 95 --painter-seconds 220

DATA holds 256.u8 and 128.u8 (pictures, RGB rows), 256.txt and 128.txt (captions, tab-separated, one line a picture)
and tokenizer.json. OUT becomes a model folder in the Hugging Face layout, without model_index and tokenizer.
Losses, schedule and sizes are those of src/train.
"""

import argparse
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import Qwen3Config, Qwen3Model

VAE = dict(block_out_channels=[32, 48, 96, 128], layers_per_block=1, latent_channels=16, norm_num_groups=8, in_channels=3,
           out_channels=3, act_fn="silu", sample_size=256, use_quant_conv=False, use_post_quant_conv=False,
           mid_block_add_attention=True, down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
           force_upcast=False)
DIT = dict(dim=192, n_layers=10, n_refiner_layers=1, n_heads=3, n_kv_heads=3, cap_feat_dim=160, axes_dims=[16, 24, 24],
           axes_lens=[1536, 512, 512], rope_theta=256.0, t_scale=1000.0, in_channels=16, norm_eps=1e-5, qk_norm=True)
WORDS = dict(vocab_size=1536, hidden_size=160, intermediate_size=384, num_hidden_layers=4, num_attention_heads=4,
             num_key_value_heads=2, head_dim=32, rope_theta=10000.0, rms_norm_eps=1e-6, max_position_embeddings=512,
             tie_word_embeddings=True, bos_token_id=None, eos_token_id=2, pad_token_id=0)
SHIFT = 3.0
SHEET = ["现代简约陶瓷咖啡杯，木桌上", "水彩风景，雪山，清晨", "a neon street at night, in the rain", "paper cut of a red fox in the forest",
         "水墨画，湖上的一艘小船，黄昏", "pixel art of a blue house in a meadow at noon", "剪纸风格，一只橙色的狐狸，森林里，下雪",
         "retro film photo of a yellow hot air balloon in the desert at sunset", "flat illustration of a white sailboat on the sea, in daylight",
         "像素画，夜晚的城市天际线", "水彩，草地上的一朵粉色的花", "a purple cat on a wooden table by the window",
         "watercolor of two green trees on grassy hills at dawn", "扁平插画，群山间的红色小屋，黄昏", "ink wash painting of mountains, misty",
         "复古胶片，窗边木桌上的蓝色花瓶"]


def block(b, x, rope, c):
    """One transformer block; the arithmetic of diffusers' ZImageTransformerBlock with fewer kernels."""
    B, S, d = x.shape
    a = b.attention
    h = a.heads
    norm = lambda v, n: F.rms_norm(v, (v.shape[-1],), n.weight.to(v.dtype), n.eps)
    y = norm(x, b.attention_norm1)
    if c is not None:
        s1, g1, s2, g2 = b.adaLN_modulation(c).unsqueeze(1).chunk(4, dim=2)
        y = y * (1 + s1)
    q, k, v = F.linear(y, torch.cat([a.to_q.weight, a.to_k.weight, a.to_v.weight])).view(B, S, 3, h, -1).unbind(2)

    def turn(v, n):
        v = norm(v, n).unflatten(-1, (-1, 2))
        e, o = v.unbind(-1)
        cos, sin = rope
        return torch.stack([e * cos - o * sin, e * sin + o * cos], -1).flatten(-2).transpose(1, 2)

    y = F.scaled_dot_product_attention(turn(q, a.norm_q), turn(k, a.norm_k), v.transpose(1, 2))
    y = norm(a.to_out[0](y.transpose(1, 2).reshape(B, S, d)), b.attention_norm2)
    x = x + (y * g1.tanh() if c is not None else y)
    y = norm(x, b.ffn_norm1)
    if c is not None:
        y = y * (1 + s2)
    f = b.feed_forward
    y = norm(f.w2(F.silu(f.w1(y)) * f.w3(y)), b.ffn_norm2)
    return x + (y * g2.tanh() if c is not None else y)


def angles(rows, side, device, dtype):
    """Cosines and sines of image tokens, then caption tokens, [S, 1, D/2]."""
    ids = [(rows + 1, r, s) for r in range(side) for s in range(side)] + [(1 + k, 0, 0) for k in range(rows)]
    parts = []
    for axis, width in enumerate(DIT["axes_dims"]):
        f = DIT["rope_theta"] ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
        parts.append(torch.tensor([i[axis] for i in ids], dtype=torch.float64)[:, None] * f)
    turn = torch.cat(parts, 1)[:, None].to(device)
    return turn.cos().to(dtype), turn.sin().to(dtype)


def velocity(dit, x, t, features, lengths):
    """[B, 16, h, w] at times t with captions [B, L, 160] padded to a multiple of 32 → the way to the picture."""
    B, C, h, w = x.shape
    rows, n = features.shape[1], h * w // 4
    cos, sin = angles(rows, h // 2, x.device, x.dtype)
    image, text = (cos[:n], sin[:n]), (cos[n:], sin[n:])
    c = dit.t_embedder(t * DIT["t_scale"]).to(x.dtype)
    tokens = x.view(B, C, h // 2, 2, w // 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(B, n, 4 * C)
    tokens = dit.all_x_embedder["2-1"](tokens).to(x.dtype)
    for b in dit.noise_refiner:
        tokens = block(b, tokens, image, c)
    words = dit.cap_embedder(features).to(x.dtype)
    real = (torch.arange(rows, device=x.device)[None] < lengths[:, None])[..., None]
    words = torch.where(real, words, dit.cap_pad_token.to(x.dtype)[None])
    for b in dit.context_refiner:
        words = block(b, words, text, None)
    tokens = torch.cat([tokens, words], 1)
    for b in dit.layers:
        tokens = block(b, tokens, (cos, sin), c)
    out = dit.all_final_layer["2-1"](tokens[:, :n], c=c)
    return out.view(B, h // 2, w // 2, 2, 2, C).permute(0, 5, 1, 3, 2, 4).reshape(B, C, h, w)


def caption_features(words, ids):
    return words(input_ids=ids, output_hidden_states=True, use_cache=False).hidden_states[-2]


def rate(done, peak, warm):
    if done < warm:
        return peak * done / warm
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warm) / (1 - warm)))))


def train(params, seconds, peak, step, decay, log):
    """Calls step(i, share of the time done) for its loss until the time is over; gives averaged parameters."""
    optimizer = torch.optim.AdamW(params, lr=peak, betas=(0.9, 0.99), weight_decay=0.01, fused=params[0].is_cuda)
    average = [p.detach().clone() for p in params]
    start, i, curve = time.time(), 0, []
    while (done := (time.time() - start) / seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate(done, peak, 0.03)
        loss = step(i, done)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if i % 4 == 3:
            torch._foreach_lerp_(average, [p.detach() for p in params], 1 - min(decay, (i + 1) / (i + 10)) ** 4)
        if i % 50 == 0:
            curve.append((i, loss.item()))
            if i % 500 == 0:
                print(f"{log} step {i} loss {curve[-1][1]:.4f} {time.time() - start:.0f} s", flush=True)
        i += 1
    print(f"{log} ended at step {i}", flush=True)
    return average, curve


def install(params, values):
    with torch.no_grad():
        for p, v in zip(params, values):
            p.copy_(v)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data"); parser.add_argument("out")
    parser.add_argument("--autoencoder-seconds", type=float, default=95)
    parser.add_argument("--painter-seconds", type=float, default=220)
    parser.add_argument("--init", help="go on from this folder; its autoencoder is kept as it is")
    parser.add_argument("--peak", type=float, default=1.5e-3)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch", type=int, default=256)
    a = parser.parse_args()
    torch.manual_seed(2026)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    device = torch.device(a.device)
    cast = torch.autocast(device.type, torch.bfloat16)
    os.makedirs(a.out, exist_ok=True)
    data, captions = {}, {}
    for size in (256, 128):
        data[size] = torch.from_numpy(np.fromfile(f"{a.data}/{size}.u8", np.uint8)).view(-1, size, size, 3).to(device)
        captions[size] = [line.split("\t") for line in open(f"{a.data}/{size}.txt", encoding="utf-8").read().splitlines()]
    pictures = lambda size, i: data[size][i].permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    print("pictures", {size: len(d) for size, d in data.items()}, flush=True)

    vae = AutoencoderKL(**VAE).to(device).to(memory_format=torch.channels_last)

    def reconstruct(i, done):
        index = torch.randint(len(data[256]) - 64, (max(1, a.batch // 8),), device=device) + 64
        x = pictures(256, index).contiguous(memory_format=torch.channels_last)
        with cast:
            moments = vae.encoder(x)
        mean, logvar = moments.float().chunk(2, 1)
        logvar = logvar.clamp(-30, 20)
        z = mean + (0.5 * logvar).exp() * torch.randn_like(mean)
        with cast:
            back = vae.decoder(z)
        e = back.float() - x
        edges = e.diff(dim=2).abs().mean() + e.diff(dim=3).abs().mean()
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        return e.abs().mean() + 0.5 * edges + 1e-3 * kl

    if a.init:
        vae.load_state_dict(load_file(f"{a.init}/vae/diffusion_pytorch_model.safetensors"))
    else:
        params = list(vae.parameters())
        average, curve = train(params, a.autoencoder_seconds, 1e-3, reconstruct, 0.998, "autoencoder")
        install(params, average)
        json.dump(curve, open(f"{a.out}/autoencoder-loss.json", "w"))
    latents = {}
    with torch.no_grad(), cast:
        for size, d in data.items():
            encode = lambda i: vae.encoder(pictures(size, torch.arange(i, min(i + 128, len(d)), device=device))).chunk(2, 1)[0].float()
            latents[size] = torch.cat([encode(i) for i in range(0, len(d), 128)])
        x = pictures(256, torch.arange(64, device=device))
        back = vae.decoder(latents[256][:64]).float().clamp(-1, 1)
        psnr = -10 * ((back - x) / 2).square().mean().log10().item()
    shift, scale = latents[256].mean().item(), 1 / latents[256].std().item()
    if a.init:
        measured = json.load(open(f"{a.init}/latents.json"))
        shift, scale = measured["shift"], measured["scale"]
    print(f"PSNR {psnr:.2f} dB, shift {shift:.4f}, scale {scale:.4f}", flush=True)
    for size in latents:
        latents[size] = (latents[size] - shift) * scale

    # The preview's least squares: colour of the 8 x 8 pixels of each latent.
    z = latents[256][:64].permute(0, 2, 3, 1).reshape(-1, 16).double()
    rgb = F.avg_pool2d(pictures(256, torch.arange(64, device=device)), 8).permute(0, 2, 3, 1).reshape(-1, 3).double()
    z = torch.cat([z, torch.ones_like(z[:, :1])], 1)
    fit = torch.linalg.solve(z.T @ z + 1e-3 * torch.eye(17, device=device), z.T @ rgb).cpu().tolist()
    json.dump({"matrix": fit[:16], "bias": fit[16]}, open(f"{a.out}/preview.json", "w"))

    tokenizer = Tokenizer.from_file(f"{a.data}/tokenizer.json")

    def encode_ids(texts, most):
        texts = [f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n" for text in texts]
        return [e.ids[:most] for e in tokenizer.encode_batch(texts, add_special_tokens=False)]

    # Each picture's captions as ids: short ones fill at most 32 tokens, long ones (two captions in one) 33 to 64.
    tables = {}
    for size, lines in captions.items():
        variants, total = len(lines[0]), len(lines)
        flat = encode_ids([caption for line in lines for caption in line], 64)
        pairs = encode_ids([f"{line[v]}. {line[v + 1]}" for line in lines for v in range(0, variants, 2)], 64)

        def table(all_ids, per, low, high):
            ids, lengths = np.zeros((total, per, high), np.int64), np.zeros((total, per), np.int64)
            for n, item in enumerate(all_ids):
                if low < len(item) <= high:
                    ids[n // per, n % per, :len(item)], lengths[n // per, n % per] = item, len(item)
            # Where a caption does not fit, another of the same picture stands in; a picture without any is dropped.
            for p in range(total):
                fits = np.flatnonzero(lengths[p])
                if len(fits):
                    for v in np.flatnonzero(lengths[p] == 0):
                        ids[p, v], lengths[p, v] = ids[p, fits[v % len(fits)]], lengths[p, fits[v % len(fits)]]
            usable = np.flatnonzero(lengths[:, 0])
            return tuple(torch.from_numpy(v).to(device) for v in (ids, lengths, usable))

        tables[size, 32] = table(flat, variants, 0, 32)
        tables[size, 64] = table(pairs, variants // 2, 32, 64)
    print("captions", {k: len(v[2]) for k, v in tables.items()}, flush=True)

    words = Qwen3Model(Qwen3Config(**WORDS)).to(device)
    dit = ZImageTransformer2DModel(**DIT).to(device)
    torch.nn.init.normal_(dit.cap_pad_token, std=0.02); torch.nn.init.normal_(dit.x_pad_token, std=0.02)
    for name, p in dit.named_parameters():
        if "adaLN_modulation" in name or "all_final_layer" in name:
            torch.nn.init.zeros_(p)
        elif p.ndim == 2 and "pad_token" not in name and "t_embedder" not in name:
            torch.nn.init.xavier_uniform_(p)
    if a.init:
        dit.load_state_dict(load_file(f"{a.init}/transformer/diffusion_pytorch_model.safetensors"))
        words.load_state_dict({k[6:]: v for k, v in load_file(f"{a.init}/text_encoder/model.safetensors").items()})
    unused = {id(p) for p in words.layers[-1].parameters()} | {id(p) for p in words.norm.parameters()}
    params = [p for p in list(words.parameters()) + list(dit.parameters()) if id(p) not in unused and p is not dit.x_pad_token]
    print("parameters", sum(p.numel() for p in params), flush=True)

    def follow(i, done):
        size = 128 if done < (0.0 if a.init else 0.3) or i % 8 == 7 else 256
        rows = 64 if i % 4 == 3 else 32
        count = a.batch * (2 if size == 128 else 1)
        ids, lengths, usable = tables[size, rows]
        p = usable[torch.randint(len(usable), (count,), device=device)]
        v = torch.randint(ids.shape[1], (count,), device=device)
        x = latents[size][p]
        noise = torch.randn_like(x)
        u = (torch.arange(count, device=device) + torch.rand(count, device=device)) / count
        sigma = 2 * u / (1 + u)
        s = sigma[:, None, None, None]
        with cast:
            features = caption_features(words, ids[p, v])
            out = velocity(dit, (s * noise + (1 - s) * x).bfloat16(), 1 - sigma, features, lengths[p, v])
        return F.mse_loss(out.float(), x - noise)

    average, curve = train(params, a.painter_seconds, a.peak, follow, 0.999, "painter")
    install(params, average)
    json.dump(curve, open(f"{a.out}/painter-loss.json", "w"))

    with torch.no_grad(), cast:
        encoded = encode_ids(SHEET, 64)
        rows = 32 * math.ceil(max(map(len, encoded)) / 32)
        ids = torch.tensor([e + [0] * (rows - len(e)) for e in encoded], device=device)
        lengths = torch.tensor([len(e) for e in encoded], device=device)
        features = caption_features(words, ids)
        x = torch.randn(len(SHEET), 16, 32, 32, device=device)
        sigmas = [SHIFT * s / (1 + (SHIFT - 1) * s) for s in [1 - i / 8 for i in range(8)]] + [0.0]
        for now, then in zip(sigmas, sigmas[1:]):
            t = torch.full((len(SHEET),), 1 - now, device=device)
            x = x + (now - then) * velocity(dit, x.bfloat16(), t, features, lengths).float()
        image = vae.decoder(x / scale + shift).float()
    image = ((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    from PIL import Image
    sheet = np.concatenate([np.concatenate(list(image[r:r + 4]), 1) for r in range(0, 16, 4)], 0)
    Image.fromarray(sheet).save(f"{a.out}/sheet.jpg", quality=88)

    def write(folder, file, tensors):
        os.makedirs(f"{a.out}/{folder}", exist_ok=True)
        save_file({k: v.detach().to(torch.bfloat16).contiguous().cpu() for k, v in tensors.items()}, f"{a.out}/{folder}/{file}", {"format": "pt"})

    write("transformer", "diffusion_pytorch_model.safetensors", dit.state_dict())
    write("vae", "diffusion_pytorch_model.safetensors", vae.state_dict())
    write("text_encoder", "model.safetensors", {f"model.{k}": v for k, v in words.state_dict().items()})
    json.dump({"shift": shift, "scale": scale, "psnr": psnr}, open(f"{a.out}/latents.json", "w"))


if __name__ == "__main__":
    main()
