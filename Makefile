# make        builds build/release/agewise
# make demo   draws a collection, prepares it, trains, evaluates, reports
# make test   builds and runs all tests
# make bench  measures training and estimating with three networks
# make mpi    builds build/release/agewise-mpi, which trains on several machines (docs/cluster.md)
# make package  Debian packages in build/release/packages (docs/packages.md)
# make model PICTURES=utkface.tar LABELS=utkface.csv START=dlib_age_v1.onnx RANGE_PICTURES=fairface.tar RANGE_LABELS=fairface.csv
#             trains a model like models/compact.safetensors, by a shorter way (docs/model-card.md), as build/model/compact.safetensors;
#             resumes where it was stopped
# make model-permissive PICTURES=fairface.tar LABELS=fairface.csv START=dlib_age_v1.onnx
#             trains models/permissive.safetensors anew (docs/model-card-permissive.md), as build/permissive/permissive.safetensors; likewise
# make detector PICTURES=fairface.tar LABELS=fairface.csv
#             trains models/upright.safetensors anew, the detector's angle network (docs/detector-card.md); likewise
# Each installs missing Debian packages first (root or sudo) and, run again, does only what is new.
.PHONY: build mpi demo test bench model model-permissive detector package
.DEFAULT_GOAL := build

AGEWISE := build/release/agewise

build:
	@cmake/install-packages.sh build
	@mkdir -p build
	@test -e $(AGEWISE) || echo "Building agewise for the first time: about ten minutes on two idle cores; [n/all] below counts the steps"
	@cmake --preset release -DAGEWISE_TESTS=OFF >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build build/release --target agewise

mpi:
	@cmake/install-packages.sh mpi
	@mkdir -p build
	@cmake --preset release -DAGEWISE_TESTS=OFF >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build build/release --target agewise-mpi

package:
	@cmake/install-packages.sh package
	@mkdir -p build
	@cmake --preset release -DAGEWISE_TESTS=OFF -DAGEWISE_PYTHON=ON >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build build/release --target agewise agewise_api agewise_python
	@cd build/release && cpack
	@ls build/release/packages/*.deb

demo: build
	@echo "The demo: about two minutes on two idle cores"
	@$(AGEWISE) demo build/demo

test:
	@cmake/install-packages.sh test
	@mkdir -p build
	@test -e build/dev/agewise || echo "Building agewise and its tests for the first time: about fifteen minutes on two idle cores; [n/all] below counts the steps"
	@cmake --preset dev >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build build/dev
	@echo "Running the tests: some minutes, most of them for those named Slow"
	@ctest --test-dir build/dev --output-on-failure

bench: build
	@$(AGEWISE) bench

# Faces as dlib's age predictor sees them, for the statistics of its layers.
for_statistics := --set face.size=64 --set face.margin=0.05 --set network.size=0 --set network.center_crop=0 --limit 2500 --sample 1
both_stores := --data build/model/utkface.db --data build/model/fairface.db
last_epoch := --set train.monitor=last --set train.patience=0

model: build
	@test -n "$(PICTURES)" -a -n "$(LABELS)" -a -n "$(START)" -a -n "$(RANGE_PICTURES)" -a -n "$(RANGE_LABELS)" || \
	  { echo "make model PICTURES=… LABELS=… START=… RANGE_PICTURES=… RANGE_LABELS=…: see docs/model-card.md"; exit 2; }
	@mkdir -p build/model
	$(AGEWISE) prepare build/model/utkface.db --labels $(LABELS) --pictures $(PICTURES) --recipe compact
	$(AGEWISE) prepare build/model/fairface.db --labels $(RANGE_LABELS) --pictures $(RANGE_PICTURES) --recipe compact
	$(AGEWISE) prepare build/model/start.db --labels $(LABELS) --pictures $(PICTURES) --recipe compact \
	  $(for_statistics)
	$(AGEWISE) import $(START) --statistics build/model/start.db -o build/model/start.safetensors
	$(AGEWISE) train build/model/small $(both_stores) --from build/model/start.safetensors $(last_epoch) \
	  --set network.size=64 --set train.epochs=8 --set train.age_weight=0.5
	$(AGEWISE) train build/model/teachers $(both_stores) --from build/model/small --ensemble 2 $(last_epoch) \
	  --set network.size=96 --set train.epochs=8 --set train.age_weight=0.5 --set train.learning_rate=0.0007
	$(AGEWISE) train build/model/both $(both_stores) --from build/model/teachers/member-01 --teacher build/model/teachers $(last_epoch) \
	  --set train.distillation_weight=0.5 --set train.epochs=14 --set train.age_weights=[0.2,0.6] --set train.learning_rate=0.0007
	$(AGEWISE) train build/model/exact --data build/model/utkface.db --from build/model/both --teacher build/model/both $(last_epoch) \
	  --set train.distillation_weight=0.5 --set train.epochs=10 --set train.learning_rate=0.0005
	$(AGEWISE) export build/model/both --average build/model/exact -o build/model/mean.safetensors
	$(AGEWISE) calibrate build/model/mean.safetensors $(both_stores) --half --set predict.widest_interval=48 \
	  --notes models/compact-notes.txt -o build/model/compact.safetensors
	$(AGEWISE) evaluate build/model/compact.safetensors $(both_stores) --split val

model-permissive: build
	@test -n "$(PICTURES)" -a -n "$(LABELS)" -a -n "$(START)" || \
	  { echo "make model-permissive PICTURES=… LABELS=… START=…: see docs/model-card-permissive.md"; exit 2; }
	@mkdir -p build/permissive
	$(AGEWISE) prepare build/permissive/fairface.db --labels $(LABELS) --pictures $(PICTURES) --recipe permissive
	$(AGEWISE) prepare build/permissive/start.db --labels $(LABELS) --pictures $(PICTURES) --recipe permissive \
	  $(for_statistics)
	$(AGEWISE) import $(START) --statistics build/permissive/start.db -o build/permissive/start.safetensors
	$(AGEWISE) train build/permissive/start --data build/permissive/fairface.db --from build/permissive/start.safetensors \
	  --set train.epochs=1 --set train.learning_rate=1e-7
	$(AGEWISE) train build/permissive/run --data build/permissive/fairface.db --from build/permissive/start.safetensors \
	  --teacher build/permissive/start --set train.distillation_weight=0.5
	$(AGEWISE) export build/permissive/run --average build/permissive/start --share 0.85 -o build/permissive/mean.safetensors
	$(AGEWISE) calibrate build/permissive/mean.safetensors --data build/permissive/fairface.db --half \
	  --set predict.widest_interval=70 --notes models/permissive-notes.txt -o build/permissive/permissive.safetensors
	$(AGEWISE) evaluate build/permissive/permissive.safetensors --data build/permissive/fairface.db --split val

detector: build
	@test -n "$(PICTURES)" -a -n "$(LABELS)" || { echo "make detector PICTURES=… LABELS=…: see docs/detector-card.md"; exit 2; }
	@cmake --build build/release --target detector_patches
	@mkdir -p build/detector
	tools/collect_backgrounds.py build/detector/backgrounds
	$(if $(wildcard build/detector/patches.csv),,build/release/detector_patches $(PICTURES) $(LABELS) build/detector/backgrounds/train \
	  build/detector/patches.tar build/detector/patches.csv 6000)
	$(AGEWISE) prepare build/detector/patches.db --labels build/detector/patches.csv --pictures build/detector/patches.tar \
	  --recipe tools/upright.toml
	$(AGEWISE) train build/detector/run --data build/detector/patches.db --recipe tools/upright.toml
	$(AGEWISE) export build/detector/run -o models/upright.safetensors
