package client

// Price is what one model costs.
type Price struct {
	ID        string `json:"id" doc:"provider/model, as calls name it in price_id"`
	Provider  string `json:"provider"`
	Model     string `json:"model"`
	Source    string `json:"source" enum:"catalogue,config,override" doc:"catalogue: built in; config: steward.yaml; override: set at run time"`
	Catalogue string `json:"catalogue" doc:"Version of the price catalogue"`
	Since     string `json:"since" doc:"Valid from, RFC 3339; empty: from the beginning"`
	Rates     []Rate `json:"rates" nullable:"false"`
	Note      string `json:"note,omitempty"`
}

// Rate is the price of one quantity.
type Rate struct {
	Quantity string `json:"quantity" doc:"As in a call's usage: input, output, cache_read, ..."`
	USD      string `json:"usd" doc:"Decimal dollars"`
	Per      string `json:"per" enum:"million,thousand,unit,minute,hour" doc:"What the dollars are for"`
	Above    int64  `json:"above_tokens,omitempty" doc:"Applies to requests with more input tokens than this"`
	Tier     string `json:"tier,omitempty" doc:"Applies to this service tier"`
}

// PriceList is the prices that a search found.
type PriceList struct {
	Catalogue string  `json:"catalogue" doc:"Version of the price catalogue"`
	Prices    []Price `json:"prices" nullable:"false"`
}

// ImportedPrices is a price list that has been put in force.
type ImportedPrices struct {
	Catalogue string   `json:"catalogue" doc:"Version of the catalogue now in force"`
	Format    string   `json:"format" doc:"How the list was written: steward, genai-prices or litellm"`
	Providers []string `json:"providers" nullable:"false" doc:"Providers whose prices were replaced"`
	Models    int      `json:"models" doc:"Models in the list"`
	Skipped   []string `json:"skipped" nullable:"false" doc:"Prices that have no word here and were left out"`
}

// NewPrice sets the prices of one model, before the catalogue's.
type NewPrice struct {
	Provider string            `json:"provider,omitempty" doc:"Provider's name; empty: any"`
	Model    string            `json:"model" minLength:"1" doc:"Upstream model; a trailing * matches any ending"`
	Rates    map[string]string `json:"rates" doc:"Decimal dollars by field: input, output, cached_read, ... as in the configuration's prices.overrides"`
}

// NewPrices sets the prices of several models, all or none.
type NewPrices struct {
	Prices []NewPrice `json:"prices" nullable:"false" minItems:"1" maxItems:"10000"`
}
