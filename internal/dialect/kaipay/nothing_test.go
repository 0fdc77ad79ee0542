package kaipay

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
	"kassa/internal/store"
)

// overNothing is the dialect over a store that knows every key and keeps nothing, or, for one goroutine, the
// last session: what is left is everything above the store, to be measured and fuzzed.
func overNothing(keep bool) dialect.Dialect {
	links := checkout.NewLinks("https://kassa.test")
	e := engine.New(engine.Options{Store: &nothing{keep: keep}, Links: links})
	return New(dialect.Deps{Engine: e, Links: links, Now: time.Now})
}

type nothing struct {
	store.Store
	keep bool
	last checkout.Session
}

func (s *nothing) Generation() uint64 { return 1 }

func (s *nothing) KeyByHash(_ context.Context, hash [32]byte) (checkout.Key, error) {
	return checkout.Key{Merchant: "mr_x", Dialect: name, Hash: hash, Scopes: checkout.Scopes(), Test: true}, nil
}

func (s *nothing) Merchant(_ context.Context, id checkout.ID) (checkout.Merchant, error) {
	return checkout.Merchant{ID: id}, nil
}

func (s *nothing) Write(_ context.Context, fn func(store.Tx) error) error { return fn(nothingTx{s: s}) }

func (s *nothing) Session(context.Context, checkout.ID) (checkout.Session, error) { return s.last, nil }

type nothingTx struct {
	store.Tx
	s *nothing
}

var errNone = checkout.Errorf(checkout.CodeNotFound, "none")

func (nothingTx) Answer(context.Context, store.AnswerKey) (store.Answer, error) {
	return store.Answer{}, errNone
}

func (tx nothingTx) InsertSession(s checkout.Session) error {
	if tx.s.keep {
		tx.s.last = s
	}
	return nil
}

func (nothingTx) InsertEvent(checkout.Event) error { return nil }
func (nothingTx) PutAnswer(store.Answer) error     { return nil }
