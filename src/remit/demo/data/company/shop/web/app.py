"""The web shop."""

import os
from decimal import Decimal

import psycopg
from flask import Flask, abort, jsonify, request

from web.browsers import is_crawler
from web.carriers import cheapest

app = Flask(__name__)


@app.before_request
def turn_away_crawlers():
    """Crawlers get nothing but the catalogue."""
    if is_crawler(request.headers.get("User-Agent", "")) and not request.path.startswith("/titles"):
        abort(403)


@app.get("/titles/<isbn>")
def title(isbn: str):
    """One title of the catalogue."""
    with psycopg.connect(os.environ["SHOP_DB_URL"]) as connection:
        found = connection.execute("SELECT title, author, price FROM stock.titles WHERE isbn = %s", (isbn,)).fetchone()
    if found is None:
        abort(404)
    return jsonify(title=found[0], author=found[1], price=str(found[2]))


@app.get("/shipping")
def shipping():
    """What it costs to send a parcel."""
    carrier, price = cheapest(Decimal(request.args["kg"]), request.args.get("country", "DE"))
    return jsonify(carrier=carrier.name, price=str(price))
