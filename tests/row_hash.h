/* A row of a list as one number, to compare what two ways of asking gave. */
#ifndef TESTS_ROW_HASH_H
#define TESTS_ROW_HASH_H

#include <stdint.h>

#include "query/row.h"

/* hash of the rows before it, 0 at first. */
uint64_t row_hash(uint64_t hash, const struct row *row);

#endif
