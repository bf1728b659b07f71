package main

import (
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/observe/calls"
)

func TestQueriesOfTheReferenceAreRead(t *testing.T) {
	for _, table := range queryTables {
		for _, r := range table.rows {
			e, err := calls.Parse(r.query, time.Now())
			if err != nil || e == nil {
				t.Errorf("%s: Parse(%q) = %v, %v", table.title, r.query, e, err)
			}
		}
	}
}
