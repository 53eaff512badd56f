"""Two pages and one table: it is loaded once, both pages read it, and it never travels to the browser."""

import plotly.data
import plotly.express as px

from enrich import (
    Dash,
    Input,
    Output,
    ServersideOutput,
    Trigger,
    callback,
    dcc,
    html,
    page_container,
    register_page,
)

app = Dash(__name__, use_pages=True, pages_folder="", suppress_callback_exceptions=True)
app.layout = html.Div(
    [
        html.H3("One table for all pages"),
        html.Button("Load", id="load"),
        html.Nav([dcc.Link("Table", "/"), dcc.Link("Chart", "/chart")], className="links"),
        # Outside of the pages, so that it outlives them. In the browser's session storage it outlives a reload too.
        dcc.Store(id="countries", storage_type="session"),
        page_container,
    ]
)

register_page("table", path="/", layout=html.Div([html.P(id="rows"), html.Pre(id="latest")]))
register_page("chart", layout=html.Div([html.P(id="lines"), dcc.Graph(id="chart", figure={})]))


@callback(ServersideOutput("countries", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
def load():
    return plotly.data.gapminder()


@callback(Output("rows", "children"), Output("latest", "children"), Input("countries", "data"))
def list_rows(table):
    if table is None:
        return "Nothing is loaded yet.", ""
    latest = table[table["year"] == 2007][["country", "lifeExp", "pop"]]
    return f"{len(table):,} rows are on the server.", latest.nlargest(10, "lifeExp").to_string(index=False)


@callback(Output("lines", "children"), Output("chart", "figure"), Input("countries", "data"))
def draw(table):
    if table is None:
        return "Nothing is loaded yet.", {}
    means = table.groupby(["continent", "year"], as_index=False)["lifeExp"].mean()
    figure = px.line(means, x="year", y="lifeExp", color="continent", height=380, template="plotly_white")
    return f"{len(table):,} rows, {means['continent'].nunique()} lines", figure


if __name__ == "__main__":
    app.run()
