"""The same model served by LitServe, a peer: the port comes as the first argument."""

from __future__ import annotations

import sys

import litserve

from tousu.classifier import Classifier


class Tagger(litserve.LitAPI):
    """What a LitServe user would write: the text of a request in, its tagging out."""

    def setup(self, device):
        del device
        self.classifier = Classifier.load()

    def decode_request(self, request):
        return request["text"]

    def predict(self, text):
        return self.classifier.tag(text).to_dict()

    def encode_response(self, output):
        return output


if __name__ == "__main__":
    litserve.LitServer(Tagger(api_path="/v1/classify"), accelerator="cpu").run(
        host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning"
    )
