"""The counts of parameters of the whole catalogue, as published or derived."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# All parameters are trainable where one number stands; else total and trainable.
COUNTS: dict[str, int | tuple[int, int]] = {
    "weather_fnn_1_2_1": 7,
    "fashion_csv_vgg_lite": 584_170,
    "fashion_csv_vgg_lite_dropout": 584_170,
    "playground_linear_1": 5,
    "playground_relu_2": 9,
    "playground_relu_3": 13,
    "playground_relu_3_lr001": 13,
    "playground_relu_3_3_2": 32,
    "imdb_16_16": 160_305,
    "imdb_64_32": 642_177,
    "reuters_64_64": 647_214,
    "reuters_64_64_e9": 647_214,
    "reuters_64_64_sparse": 647_214,
    "reuters_bottleneck_64_4": 640_554,
    "boston_kfold_100": 9_463,
    "boston_kfold_500": 9_463,
    "boston_final_130": 9_463,
    "mnist_noise_channels": 808_458,
    "mnist_noise_channels_as_printed": 808_458,
    "mnist_zeros_channels": 808_458,
    "mnist_lr_high": 407_050,
    "mnist_lr_ok": 407_050,
    "mnist_logreg": 7_850,
    "mnist_96_96": 85_642,
    "imdb_cap_16_16": 160_305,
    "imdb_cap_4_4": 40_029,
    "imdb_cap_512_512": 5_383_681,
    "imdb_l2_16_16": 160_305,
    "imdb_l2_32_16_16": 320_849,
    "imdb_dropout_16_16": 160_305,
    "mnist_convnet_32_64_128": 104_202,
    "mnist_convnet_no_maxpool": 712_202,
    "higgs_tiny": 481,
    "higgs_small": 753,
    "higgs_medium": 10_241,
    "higgs_large": 803_329,
    "higgs_l2": 803_329,
    "higgs_dropout": 803_329,
    "higgs_l2_dropout": 803_329,
    "higgs_bn": (811_521, 807_425),
    "higgs_l2_dropout_bn": (811_521, 807_425),
    "higgs_augmented": 803_329,
    "dogcat_scratch": 991_041,
    "dogcat_aug": 991_041,
    "dogcat_complex_noaug": 2_748_737,
    "dogcat_vgg16_features": 3_277_313,
    "dogcat_vgg16_aug_seq": (17_992_001, 3_277_313),
    "dogcat_vgg16_aug_layers": (17_992_001, 3_277_313),
    "dogcat_vgg16_aug_input": (17_992_001, 3_277_313),
    "dogcat_vgg16_finetune": (17_992_001, 10_356_737),
    "pets_segmentation": 2_880_643,
    "fashion_lenet": 61_706,
    "fashion_alexnet": 46_764_746,
    "fashion_alexnet_bs64": 46_764_746,
    "fashion_alexnet_bs256": 46_764_746,
    "fashion_vgg11": 43_093_322,
    "fashion_vgg11_full": 128_806_154,
    "fashion_googlenet": 5_977_530,
    "fashion_resnet18": (11_186_186, 11_178_378),
    "fashion_alexnet_simplified": 7_592_458,
    "fashion_alexnet28": 3_259_914,
    "jena_dense16": 26_913,
    "jena_dense20": 33_641,
    "jena_conv1d": 3_873,
    "jena_lstm16": 2_001,
    "jena_lstm32_rd": 6_049,
    "jena_gru32x2": 10_977,
    "fashion5_cnn_model1": 346_821,
    "fashion5_cnn_model2": 240_901,
    "fashion5_autoencoder": 742_657,
    "fashion5_resnet_as_printed": (91_589, 91_205),
    "fashion5_resnet": (11_191_301, 11_183_493),
    "mnist_t1": 93_322,
    "mnist_t2": 106_122,
    "mnist_t3": 320,
    "mnist_t4": 515_146,
    "mnist_t5": 79_050,
    "mnist_t6": 2_038_922,
    "mnist_final": 93_322,
    "fashion_t7": 130_890,
    "fashion_t7_1": 130_890,
    "fashion_t7_2": 130_890,
    "fashion_t8": 4_022_090,
    "fashion_t9": 347_146,
    "fashion_t9_1": 347_146,
    "fashion_final": 130_890,
    "fashion_final_as_printed": 130_890,
    "fashion_bn_cnn_final": (315_598, 315_148),
}

# In a process of its own: Keras's backend cannot be changed once it is imported.
SCRIPT = """
import contextlib, io, json, sys
from pedigree.cli.summary import summary_command

found = {}
for name in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        summary_command(name, as_json=True, analyse=False, batch_sizes=[])
    found[name] = json.loads(printed.getvalue())
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def summaries() -> dict[str, dict[str, int]]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *COUNTS],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", COUNTS)
def test_a_model_has_the_published_count(
    summaries: dict[str, dict[str, int]], name: str
) -> None:
    counts = COUNTS[name]
    total, trainable = counts if isinstance(counts, tuple) else (counts, counts)
    summary = summaries[name]
    assert summary["total"] == total
    assert summary["trainable"] == trainable
    assert summary["non_trainable"] == total - trainable
