/*-------------------------------------------------------------------------
 *
 * options.c
 *	  Storage parameters of an index: CREATE INDEX ... WITH (...).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/reloptions.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "index/options.h"
#include "index/subindexes.h"
#include "mmdb.h"

static relopt_kind mm_relopt_kind;

static void
parameter_error_context(void *arg)
{
	errcontext("storage parameter \"%s\"", (const char *) arg);
}

/*
 * The numbers in a storage parameter, as double precision[].  What they are is for
 * messages.
 */
static ArrayType *
parse_numbers(const char *parameter, const char *value)
{
	ErrorContextCallback callback = {
		.callback = parameter_error_context,
		.arg = unconstify(char *, parameter),
	};
	ArrayType  *array;

	callback.previous = error_context_stack;
	error_context_stack = &callback;
	array = DatumGetArrayTypeP(OidFunctionCall3(F_ARRAY_IN, CStringGetDatum(value),
												ObjectIdGetDatum(FLOAT8OID), Int32GetDatum(-1)));
	if (ARR_NDIM(array) != 1 || ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > MM_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a one-dimensional array with an element for each column", parameter),
				 errdetail("An index has 1 to %d columns.", MM_MAX_COLUMNS)));
	error_context_stack = callback.previous;
	return array;
}

int
mm_options_parse_scales(const char *value, double *scales)
{
	ErrorContextCallback callback = {
		.callback = parameter_error_context,
		.arg = "scales",
	};
	ArrayType  *array = parse_numbers("scales", value);
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	callback.previous = error_context_stack;
	error_context_stack = &callback;
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		scales[i] = nulls[i] ? 0.0 : DatumGetFloat8(elements[i]);
		if (!nulls[i] && !(isfinite(scales[i]) && scales[i] > 0))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("scale of column %d must be finite and above zero", i + 1),
					 errdetail("It is %g.", scales[i]),
					 errhint("NULL stands for the measured scale.")));
	}
	error_context_stack = callback.previous;
	return n;
}

void
mm_options_validate_scales(const char *value)
{
	double		scales[MM_MAX_COLUMNS];

	/* This is also called with the default value, which is NULL. */
	if (value != NULL)
		(void) mm_options_parse_scales(value, scales);
}

ArrayType *
mm_options_parse_weights(const char *value)
{
	return value[0] == '{' ? parse_numbers("weights", value) : NULL;
}

void
mm_options_validate_weights(const char *value)
{
	if (value == NULL)
		return;
	if (value[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("storage parameter \"weights\" is empty"),
				 errhint("It is an array with a weight for each column, or the name of a weight profile.")));
	(void) mm_options_parse_weights(value);
}

void
mm_options_init(void)
{
	mm_relopt_kind = add_reloption_kind();
	add_int_reloption(mm_relopt_kind, "sample_rows",
					  "Number of rows between which distances are measured",
					  MM_DEFAULT_SAMPLE_ROWS, MM_MIN_SAMPLE_ROWS,
					  MM_MAX_SAMPLE_ROWS, ShareUpdateExclusiveLock);
	add_int_reloption(mm_relopt_kind, "pivots",
					  "Number of coordinates of each column that has none of its own; 0 lets the index choose",
					  0, 0, MM_MAX_PIVOTS, ShareUpdateExclusiveLock);
	add_int_reloption(mm_relopt_kind, "fillfactor",
					  "Packs index pages only to this percentage",
					  MM_DEFAULT_FILLFACTOR, MM_MIN_FILLFACTOR, 100,
					  ShareUpdateExclusiveLock);
	add_string_reloption(mm_relopt_kind, "scales",
						 "Scales of the columns, in order; NULL for the measured one",
						 NULL, mm_options_validate_scales, ShareUpdateExclusiveLock);
	add_string_reloption(mm_relopt_kind, "subindexes",
						 "Sub-indexes: auto, none, or pairs of a column and a kind",
						 NULL, mm_subindexes_validate, ShareUpdateExclusiveLock);
	add_string_reloption(mm_relopt_kind, "weights",
						 "Weights that searches mostly have: an array in the order of the columns, or the name of a profile",
						 NULL, mm_options_validate_weights, ShareUpdateExclusiveLock);
}

bytea *
mmdb_options(Datum reloptions, bool validate)
{
	static const relopt_parse_elt elements[] = {
		{
			.optname = "sample_rows",
			.opttype = RELOPT_TYPE_INT,
			.offset = offsetof(MMOptions, sample_rows),
		},
		{
			.optname = "pivots",
			.opttype = RELOPT_TYPE_INT,
			.offset = offsetof(MMOptions, pivots),
		},
		{
			.optname = "fillfactor",
			.opttype = RELOPT_TYPE_INT,
			.offset = offsetof(MMOptions, fillfactor),
		},
		{
			.optname = "scales",
			.opttype = RELOPT_TYPE_STRING,
			.offset = offsetof(MMOptions, scales),
		},
		{
			.optname = "subindexes",
			.opttype = RELOPT_TYPE_STRING,
			.offset = offsetof(MMOptions, subindexes),
		},
		{
			.optname = "weights",
			.opttype = RELOPT_TYPE_STRING,
			.offset = offsetof(MMOptions, weights),
		},
	};

	return (bytea *) build_reloptions(reloptions, validate, mm_relopt_kind,
									  sizeof(MMOptions), elements,
									  lengthof(elements));
}

MMOptions
mm_options_get(Relation index)
{
	if (index->rd_options != NULL)
		return *(MMOptions *) index->rd_options;
	return (MMOptions) {
		.sample_rows = MM_DEFAULT_SAMPLE_ROWS,
		.pivots = 0,
		.fillfactor = MM_DEFAULT_FILLFACTOR,
	};
}

/*
 * A copy of a string, because the relation cache may be rebuilt while somebody
 * reads it.
 */
static char *
copy_string(const char *value)
{
	return value != NULL ? pstrdup(value) : NULL;
}

char *
mm_options_scales(Relation index)
{
	MMOptions  *options = (MMOptions *) index->rd_options;

	return options != NULL ? copy_string(GET_STRING_RELOPTION(options, scales)) : NULL;
}

char *
mm_options_subindexes(Relation index)
{
	MMOptions  *options = (MMOptions *) index->rd_options;

	return options != NULL ? copy_string(GET_STRING_RELOPTION(options, subindexes)) : NULL;
}

char *
mm_options_weights(Relation index)
{
	MMOptions  *options = (MMOptions *) index->rd_options;

	return options != NULL ? copy_string(GET_STRING_RELOPTION(options, weights)) : NULL;
}
