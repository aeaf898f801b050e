"""The endpoint that the chat box of the shop talks to."""

from flask import Flask, jsonify, request

from storefront_helper.crew import StorefrontCrew

app = Flask(__name__)


@app.post("/ask")
def ask():
    """Answers one question."""
    question = str(request.get_json()["question"])[:500]
    return jsonify(answer=str(StorefrontCrew().crew().kickoff(inputs={"question": question})))
