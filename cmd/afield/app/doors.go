package app

import (
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Doors makes, from the server's secret, what commands need to let somebody in:
// sign-in with its peppered passwords, and the vault of partners' secrets. They
// are the same as those the running server uses.
func Doors(db *postgres.DB, secret []byte) (*access.Service, *directory.Vault, error) {
	accessKey, err := derive(secret, "access")
	if err != nil {
		return nil, nil, err
	}
	vaultKey, err := derive(secret, "vault")
	if err != nil {
		return nil, nil, err
	}
	doors, err := access.New(db, access.Config{Key: accessKey})
	if err != nil {
		return nil, nil, err
	}
	vault, err := directory.NewVault(vaultKey)
	return doors, vault, err
}
