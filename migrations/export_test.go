package migrations

// What the tests need of the inside; they are a package of their own because
// the test databases are made with this package.
var (
	UpFiles     = up
	ReadFolder  = read
	LatestRiver = latestRiver
)
