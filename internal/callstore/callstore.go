// Package callstore is what the engines of calls have in common: the columns of a
// call's one wide row, and the compiler from the typed queries of observe/calls to
// SQL. The packages below it run an engine.
//
// The store of calls is a projection of the journal: it can be thrown away and
// built again. What was said in a call is not in it.
package callstore

import "errors"

// ErrCorrupt is returned for a file that is damaged, or is none of ours. Move it
// aside, open a new one, and apply the journal from its start.
var ErrCorrupt = errors.New("the store of calls is damaged")

// ErrSchema is returned for a file whose layout is another version's. Open a new one
// in its place, and apply the journal from its start.
var ErrSchema = errors.New("the store of calls has the layout of another version")

// ErrPosition is returned for a batch of the journal that does not start where the
// store stands, because it was applied before or leaves a gap. Nothing of it was
// applied; ask for Position and go on from there.
var ErrPosition = errors.New("the batch does not start at the store's position")
