package main

import (
	"fmt"
	"strings"

	"github.com/steward-llmops/steward/internal/observe/calls"
)

// queryRow is one line of a table: a query and what it means.
type queryRow struct{ query, means string }

// queryTables are the tables of the grammar; every query in them is read by a test.
var queryTables = []struct {
	title, intro string
	rows         []queryRow
}{
	{"Terms", "", []queryRow{
		{`status:error cost:>0.01`, "terms side by side must all hold; `AND` between them says the same"},
		{`team:search OR team:ads`, "one of them holds; `OR` binds weaker than `AND`"},
		{`-env:dev`, "the term does not hold; `NOT env:dev` says the same"},
		{`(team:search OR env:prod) -status:ok`, "parentheses group"},
		{`model:(gpt-5* OR claude-*)`, "a group of values of one field"},
		{`latency:(>1s <3s)`, "values with operators, too"},
		{`model:gpt-5,gpt-5-mini`, "one of several values; a comma within quotes is text"},
	}},
	{"Texts", "Upper and lower case differ, but where a part is looked for. A field can hold several texts (`model` is the model " +
		"that served, the one that was asked for, and both with the provider before it), and so can a tag: one that fits is enough.", []queryRow{
		{`team:search`, "the value is exactly this"},
		{`model:gpt-5*`, "`*` stands for any text, the empty one included"},
		{`model:="gpt-5*"`, "exactly this, star and all; so does a star in quotes or after a backslash"},
		{`model:"my model"*`, "quoted and plain parts can follow one another"},
		{`name:~plan`, "the text holds this part, in any case of letters"},
		{`model:!=gpt-5`, "it is not; `!` before any other operator, or a group, turns it round as well"},
		{`has:session`, "there is a value; `session:*` says the same"},
		{`session:""`, "there is none"},
		{`name:"say \"hi\" \\ there"`, "in quotes, `\\\"` is a quote and `\\\\` a backslash"},
	}},
	{"Numbers, durations, money, moments", "A comparison with what is not known is never true: the cost of an unpriced call is neither over nor under " +
		"a dollar. `has:cost` asks whether it is known.", []queryRow{
		{`tokens:10k`, "a whole number, with `k`, `m` or `g`"},
		{`latency:>2s`, "a duration: `us`, `ms`, `s`, `m`, `h`, `d`; a bare number is seconds"},
		{`latency:>=1m30s`, "units follow one another; decimals do as well"},
		{`ttft:<0.5`, "below half a second"},
		{`cost:>$0.01`, "dollars, with or without the sign, to nine decimals"},
		{`cost:<=0.5`, "at most half a dollar"},
		{`speed:>12.5`, "to three decimals"},
		{`attempts:2..4`, "a range, both ends included; `2..` and `..4` have one end"},
		{`stream:true`, "`true`, `yes`, `1`; `false`, `no`, `0`"},
		{`time:>-24h`, "the last 24 hours; `now` is a moment, too"},
		{`time:2026-01-31`, "that whole day in UTC; `>` is after its end, `<` before its start"},
		{`time:2026-01-31T08:00:00Z..2026-01-31T09:30:00+01:00`, "moments of RFC 3339; without a zone they are UTC"},
		{`cost_nano:>1000 latency_us:>250000`, "the names of JSON: whole nano-dollars and microseconds; `savings_nano` and `ttft_us` likewise"},
	}},
	{"Fields that know more", "", []queryRow{
		{`status:error,cancelled`, "how the call ended: `ok`, `error`, `cancelled`, `interrupted`"},
		{`status:429`, "or the HTTP status that the caller got: `429`, `5xx`, `>=500`, `400..499`; `http_status` takes the same"},
		{`id:01kckd5v3r0000000000000000`, "a call's id, with or without `call_`"},
		{`cache:hit`, "an exact or a semantic hit"},
		{`tag.team:search`, "a tag; a call without it has the empty text"},
		{`tag."cost center":42`, "a tag whose name holds more than letters"},
		{`has:tag.team`, "the tag is there and not empty"},
	}},
	{"What was said", "Texts are looked for in any case of letters, as parts of the request and the answer, where Steward keeps them.", []queryRow{
		{`refund policy`, "both words, anywhere: in the request, the answer, or what names the call (session, subject, key, model, " +
			"provider, error code, span, service; its id and its trace's id as a whole)"},
		{`"refund policy"`, "the phrase"},
		{`input:"refund policy"`, "in the request"},
		{`output:sorry`, "in the answer"},
		{`text:"model:gpt"`, "anywhere, said at length; a text with a colon needs quotes, but for URLs"},
	}},
}

// queryPage describes the language of queries, its fields, measures and dimensions.
func queryPage() []byte {
	var b strings.Builder
	b.WriteString(generated + "# Query language\n\n" +
		"One text selects calls, wherever they are asked for.\n\n" +
		"```text\nmodel:gpt-5* status:error cost:>0.01 latency:>2s tag.team:search -env:dev \"refund policy\"\n```\n\n" +
		"An empty query is every call. What is wrong is refused with the code `invalid_query`, the place and what to write\n" +
		fmt.Sprintf("instead. A query has at most %d bytes and %d terms, nested at most %d deep.\n", calls.MaxQuery, calls.MaxTerms, calls.MaxNesting))
	for _, t := range queryTables {
		fmt.Fprintf(&b, "\n## %s\n\n", t.title)
		if t.intro != "" {
			b.WriteString(t.intro + "\n\n")
		}
		b.WriteString("| query | means |\n|---|---|\n")
		for _, r := range t.rows {
			fmt.Fprintf(&b, "| `%s` | %s |\n", r.query, strings.ReplaceAll(r.means, "|", "\\|"))
		}
	}
	queryFields(&b)
	queryMeasures(&b)
	return []byte(b.String())
}

var kindNames = [...]string{
	calls.Text: "text", calls.Number: "number", calls.Duration: "duration", calls.Money: "money",
	calls.Milli: "decimal", calls.Bool: "true or false", calls.Moment: "moment",
}

func queryFields(b *strings.Builder) {
	b.WriteString("\n## Fields\n\nThe name of a field is written in any case of letters. Rows of tables can be grouped by those that are dimensions.\n\n" +
		"| field | holds | is | dimension |\n|---|---|---|---|\n")
	for _, f := range calls.Fields {
		name := "`" + f.Name + "`"
		for _, a := range f.Aliases {
			name += ", `" + a + "`"
		}
		dimension := ""
		if f.Dimension {
			dimension = "yes"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, kindNames[f.Kind], cell(f.Doc), dimension)
	}
	b.WriteString("| `tag.NAME` | text | tag that the caller gave | yes |\n")
}

func queryMeasures(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Measures and dimensions\n\nAn analysis takes measures of the calls that a query selects, by dimensions.\n\n"+
		"Measures are %s.\n\nOf fields that can be added up an aggregation is taken: %s. The 95th percentile of the latency is "+
		"`latency_p95`, `p95(latency)` or `latency.p95`. Without one, durations and `speed` are averaged and the others summed. "+
		"`unique(FIELD)` counts the values of a field. `score.NAME` is the average of a score; `min(score.NAME)`, `max(...)` and `sum(...)` are its others.\n\n"+
		"Dimensions are the fields above that are marked so, `tag.NAME`, and steps of time: `minute`, `5m`, `15m`, `hour`, `6h`, `day`, `week`, `month`. "+
		"Steps below a day are UTC's; days, weeks (from Monday) and months are those of the time zone that is asked for.\n",
		words(calls.Measures()), words(calls.Aggregations()))
}

func words(list []string) string { return "`" + strings.Join(list, "`, `") + "`" }
