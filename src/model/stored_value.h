/*-------------------------------------------------------------------------
 *
 * stored_value.h
 *	  Values of a column in the stored form of a model.
 *
 * Each takes a MAXALIGNed number of bytes.  It is a Datum if the type is
 * passed by value.  Otherwise it is its size, MAXALIGNed, and its bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_STORED_VALUE_H
#define MM_STORED_VALUE_H

#include "index/columns.h"

/*
 * mm_stored_value_size: how many bytes a value takes, which is not toasted.
 *
 * mm_store_value: store it.  Returns where it ends.
 *
 * mm_load_value: get a value that is stored here.  It refers to the stored
 * bytes.  Returns where they end.
 */
extern Size mm_stored_value_size(const MMColumn *column, Datum value);
extern char *mm_store_value(const MMColumn *column, Datum value, char *pt);
extern char *mm_load_value(const MMColumn *column, Datum *value, char *pt);

#endif							/* MM_STORED_VALUE_H */
