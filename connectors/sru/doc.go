// Package sru searches the catalogues of libraries by SRU (1.1, 1.2 and 2.0) and
// reads from the answers which copies could be lent, why the others could not, and
// when one on loan is expected back.
//
// How a system writes its indexes and its copies is data: a System in systems.go is
// what a target's entry names, and the entry may say otherwise in each point.
//
//	client := sru.NewClient(sru.Options{UserAgent: "Afield/1.2", Fits: fits})
//	defer client.Close()
//	said, err := client.Available(ctx, peer, citation) // peer.Target says where
//
// A citation is looked up by its OCLC number, then its ISBN (of 13 and of 10
// digits), then its ISSN (with and without the hyphen), and only then by title and
// author; a record found by words counts only where it fits the citation. An index
// that a target does not have leads to the next.
//
// What a target answers is a stranger's: it is read up to 4 MB, 64 levels, 60,000
// elements and 50 records, a document type is refused, and nothing of it is ever a
// reason to call another address.
package sru
