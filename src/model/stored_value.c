/*-------------------------------------------------------------------------
 *
 * stored_value.c
 *	  Values of a column in the stored form of a model; see stored_value.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datum.h"

#include "model/stored_value.h"

Size
mm_stored_value_size(const MMColumn *column, Datum value)
{
	if (column->typbyval)
		return sizeof(Datum);
	return MAXALIGN(sizeof(uint64)) + MAXALIGN(datumGetSize(value, false, column->typlen));
}

char *
mm_store_value(const MMColumn *column, Datum value, char *pt)
{
	uint64		size;

	if (column->typbyval)
	{
		memcpy(pt, &value, sizeof(Datum));
		return pt + sizeof(Datum);
	}
	size = datumGetSize(value, false, column->typlen);
	memcpy(pt, &size, sizeof(size));
	memcpy(pt + MAXALIGN(sizeof(size)), DatumGetPointer(value), size);
	return pt + MAXALIGN(sizeof(size)) + MAXALIGN(size);
}

char *
mm_load_value(const MMColumn *column, Datum *value, char *pt)
{
	uint64		size;

	if (column->typbyval)
	{
		memcpy(value, pt, sizeof(Datum));
		return pt + sizeof(Datum);
	}
	memcpy(&size, pt, sizeof(size));
	*value = PointerGetDatum(pt + MAXALIGN(sizeof(size)));
	return pt + MAXALIGN(sizeof(size)) + MAXALIGN(size);
}
