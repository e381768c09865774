package shell

import (
	"context"
	"errors"
	"fmt"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/postgres"
	server "afield/cmd/afield/app"
)

// Doors is an open database with what is needed to let people and programs in.
type Doors struct {
	*access.Service
	DB      *Database
	Vault   *directory.Vault
	Library directory.Library
	Symbol  broker.Symbol
}

// In runs work in one transaction that sees the library.
func (d Doors) In(a *App, work func(context.Context, *postgres.Tx) error) error {
	return d.DB.InTx(a.Ctx, postgres.ForLibraries(d.Library.ID), work)
}

// WithDoors opens the database and finds the library a command is about; with
// an empty name it looks for none.
func (a *App) WithDoors(library string, work func(Doors) error) error {
	opened, err := OpenDatabase(a.Ctx, a, false)
	if err != nil {
		return err
	}
	secret, err := ServerSecret(a)
	if err == nil {
		opening := Doors{DB: opened}
		if opening.Service, opening.Vault, err = server.Doors(opened.DB, secret); err == nil && library != "" {
			err = opened.InTx(a.Ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
				opening.Library, opening.Symbol, err = LibraryNamed(ctx, tx, library)
				return err
			})
		}
		if err == nil {
			err = work(opening)
		}
	}
	return errors.Join(err, opened.Close())
}

// OpenLibrary opens the database, which must be up to date, and finds the library a
// command is about. Whoever gets no error closes the database.
func (a *App) OpenLibrary(name string) (*Database, directory.Library, error) {
	opened, err := OpenDatabase(a.Ctx, a, false)
	if err != nil {
		return nil, directory.Library{}, err
	}
	var library directory.Library
	err = opened.InTx(a.Ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		library, _, err = LibraryNamed(ctx, tx, name)
		return err
	})
	if err != nil {
		return nil, library, errors.Join(err, opened.Close())
	}
	return opened, library, nil
}

// LibraryNamed finds a library by symbol or id.
func LibraryNamed(ctx context.Context, tx *postgres.Tx, name string) (directory.Library, broker.Symbol, error) {
	id, notID := broker.ParseID("library", name)
	if notID == nil {
		library, err := directory.Load(ctx, tx, id)
		if err != nil {
			return library, broker.Symbol{}, err
		}
		symbol, err := directory.Symbol(ctx, tx, id)
		return library, symbol, err
	}
	symbol, err := broker.ParseSymbol(name)
	if err != nil {
		return directory.Library{}, symbol, fmt.Errorf("%q is neither a symbol such as ISIL:US-NWPTL nor an id (%w)", name, ErrUsage)
	}
	library, err := directory.BySymbol(ctx, tx, symbol)
	if broker.IsKind(err, broker.KindNotFound) {
		err = fmt.Errorf("no library has the symbol %s", symbol)
	}
	return library, symbol, err
}

// Members refuses to act for a library that is not a member here.
func (d Doors) Members() error {
	if !d.Library.Member {
		return fmt.Errorf("%s is not a member library: nobody signs in there", d.Library.Name)
	}
	return nil
}
