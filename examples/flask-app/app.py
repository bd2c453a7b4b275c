from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/")
def home():
    return "Flask, in a sandbox of its own. Try /square/12\n"


@app.get("/square/<int:number>")
def square(number: int):
    return jsonify(number=number, square=number * number)
