/*-------------------------------------------------------------------------
 *
 * parameters.c
 *	  The storage parameters of an index as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "index/options.h"
#include "tune/parameters.h"

const char *const mm_parameter_names[] = {
	"sample_rows", "pivots", "fillfactor", "scales", "subindexes", "weights",
};

MMParameters
mm_parameters_get(Relation index)
{
	MMOptions	options = mm_options_get(index);
	MMParameters parameters = {{0}};

	if (options.sample_rows != MM_DEFAULT_SAMPLE_ROWS)
		parameters.values[MM_PARAMETER_SAMPLE_ROWS] = psprintf("%d", options.sample_rows);
	if (options.pivots != 0)
		parameters.values[MM_PARAMETER_PIVOTS] = psprintf("%d", options.pivots);
	if (options.fillfactor != MM_DEFAULT_FILLFACTOR)
		parameters.values[MM_PARAMETER_FILLFACTOR] = psprintf("%d", options.fillfactor);
	parameters.values[MM_PARAMETER_SCALES] = mm_options_scales(index);
	parameters.values[MM_PARAMETER_SUBINDEXES] = mm_options_subindexes(index);
	parameters.values[MM_PARAMETER_WEIGHTS] = mm_options_weights(index);
	return parameters;
}

char *
mm_parameters_sql(const MMParameters *parameters)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < MM_PARAMETERS_OF_INDEX; i++)
		if (parameters->values[i] != NULL)
			appendStringInfo(&buf, "%s%s = %s", buf.len > 0 ? ", " : "", mm_parameter_names[i],
							 quote_literal_cstr(parameters->values[i]));
	return buf.data;
}
