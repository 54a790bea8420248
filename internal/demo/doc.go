// Package demo builds the messy legacy system that newcomers migrate first and
// that tests migrate every day: a field-service company's database and export
// files, an empty CRM to move into, and a mapping file with comments to learn
// from. What is wrong in the data is wrong on purpose, and counted.
//
// Every record follows from the seed, its entity and its place alone. So two
// builds are alike byte for byte, a child knows what became of its parent
// without anybody remembering it, and any size is generated in little memory.
package demo
