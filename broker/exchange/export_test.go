package exchange

// SQLOfListings is what an export asks, all of it.
func SQLOfListings() (all string) {
	for _, listing := range listings() {
		all += listing.SQL + "\n"
	}
	return all
}
