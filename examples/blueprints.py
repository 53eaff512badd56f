"""One blueprint twice on a page: two panels that know nothing of each other, and a line that compares them."""

import plotly.data
import plotly.express as px

from enrich import Dash, DashBlueprint, Input, Output, dcc, html

LABELS = {"lifeExp": "Life expectancy (years)", "year": ""}
gapminder = plotly.data.gapminder()
# plotly makes a template ready at its first use, and goes wrong if two requests do so at once.
px.line(template="plotly_white")

panel = DashBlueprint()
panel.layout = html.Div(
    [
        dcc.Dropdown(sorted(gapminder["country"].unique()), "Denmark", id="country", clearable=False),
        dcc.Graph(id="chart", style={"height": 300}, config={"displayModeBar": False}),
        html.P(id="latest"),
    ],
    style={"flex": "1", "minWidth": 0, "padding": 16},
)


# The ids are those of the panel, wherever it stands.
@panel.callback(
    Output("chart", "figure"),
    Output("latest", "children"),
    Input("country", "value"),
    running=[(Output("latest", "children"), "...", "")],
)
def draw(country):
    rows = gapminder[gapminder["country"] == country]
    chart = px.line(rows, "year", "lifeExp", title=country, labels=LABELS, template="plotly_white")
    chart.update_layout(margin={"l": 50, "r": 10, "t": 40, "b": 30})
    return chart, f"{rows['lifeExp'].iloc[-1]:.1f} years in {rows['year'].iloc[-1]}"


app = Dash(__name__)
app.layout = html.Div(
    [
        html.Div(
            [panel.embed(app, prefix="left"), panel.embed(app, prefix="right")], style={"display": "flex"}
        ),
        html.P(id="both", style={"textAlign": "center"}),
    ]
)


# From outside, the ids have the prefix.
@app.callback(Output("both", "children"), Input("left-country", "value"), Input("right-country", "value"))
def compare(left, right):
    return f"{left} and {right}"


if __name__ == "__main__":
    app.run(debug=True)
