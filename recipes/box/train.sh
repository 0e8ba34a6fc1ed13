#!/bin/sh
# Trains a model for the box from random weights: recipes/box/train.sh [FOLDER]. Started again after a stop, it goes on.
set -e
cd "$(dirname "$0")/../.."
out=${1:-runs/box}
palisharp="dotnet run -c Release --project src/PaliSharp.Cli --"
[ -f "$out/start/model.safetensors" ] || $palisharp make-model models/nano --out "$out/start" --seed 1
$palisharp train recipes/box/stage1.json --model "$out/start" --out "$out/stage1"
$palisharp eval --scenes 500 --pages 100 -m "$out/stage1/model"
$palisharp train recipes/box/stage2.json --model "$out/stage1/model" --out "$out/stage2"
$palisharp eval --scenes 500 --pages 100 -m "$out/stage2/model"
