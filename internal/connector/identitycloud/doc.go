// Package identitycloud lands records in an Akamai Identity Cloud: it describes
// that API to httpapi, with its operations, its ways to authenticate, its codes,
// and the types of its attributes.
//
// What it cannot do: change single elements of a plural (a plural that differs is
// replaced, and its elements get new ids), read passwords back, change the schema,
// and follow the service's own rules for attributes that the mapping does not
// declare.
package identitycloud
