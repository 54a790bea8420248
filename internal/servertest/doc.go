// Package servertest gives tests the database servers they run against:
// private ones that it starts and may kill, and fresh databases on a server
// that the environment names. It is test support; the product never imports it.
//
// It touches no server that it did not start, except to create and drop
// databases of its own on the one that LANDFALL_TEST_POSTGRES names.
package servertest
