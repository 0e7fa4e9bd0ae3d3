/*-------------------------------------------------------------------------
 *
 * parameters.h
 *	  The storage parameters of an index as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PARAMETERS_H
#define MM_PARAMETERS_H

#include "utils/relcache.h"

/*
 * The storage parameters of an index, as text; NULL: not set.
 */
typedef enum MMParameter
{
	MM_PARAMETER_SAMPLE_ROWS,
	MM_PARAMETER_PIVOTS,
	MM_PARAMETER_FILLFACTOR,
	MM_PARAMETER_SCALES,
	MM_PARAMETER_SUBINDEXES,
	MM_PARAMETER_WEIGHTS,
} MMParameter;

#define MM_PARAMETERS_OF_INDEX	(MM_PARAMETER_WEIGHTS + 1)

typedef struct MMParameters
{
	const char *values[MM_PARAMETERS_OF_INDEX];
} MMParameters;

/* Their names. */
extern const char *const mm_parameter_names[];

/*
 * mm_parameters_get: the parameters that an index has, but for those that have their
 * defaults.
 *
 * mm_parameters_sql: as CREATE INDEX has them in WITH (...), "" if there are none.
 */
extern MMParameters mm_parameters_get(Relation index);
extern char *mm_parameters_sql(const MMParameters *parameters);

#endif							/* MM_PARAMETERS_H */
