/*-------------------------------------------------------------------------
 *
 * options.h
 *	  Storage parameters of an index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_OPTIONS_H
#define MM_OPTIONS_H

#include "utils/array.h"
#include "utils/relcache.h"

typedef struct MMOptions
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			sample_rows;	/* rows to measure distances between */
	int			pivots;			/* for each column that needs them; 0: chosen */
	int			fillfactor;		/* per cent */
	int			scales;			/* offset of a string; 0: none */
	int			subindexes;		/* likewise */
	int			weights;		/* likewise */
} MMOptions;

/* No column has more pivots than this. */
#define MM_MAX_PIVOTS			16

#define MM_DEFAULT_FILLFACTOR	90
#define MM_MIN_FILLFACTOR		10

#define MM_DEFAULT_SAMPLE_ROWS	10000
#define MM_MIN_SAMPLE_ROWS		100
#define MM_MAX_SAMPLE_ROWS		1000000

/*
 * mm_options_init: register the storage parameters.  Called once, when the
 * library is loaded.
 *
 * mm_options_get: the storage parameters of an index, except for those that are
 * strings.
 *
 * mm_options_scales, mm_options_subindexes, mm_options_weights: those, as they were
 * written, in the current context; NULL if one is not set.
 *
 * mm_options_parse_scales: parse that parameter into scales, which has room
 * for MM_MAX_COLUMNS, with 0 for a NULL.  Returns the number of elements.
 * Raises an error if there are none or too many, or if the text is no array of
 * scales.
 *
 * mm_options_validate_scales: raise the same errors.  NULL, the default, is
 * valid.
 *
 * mm_options_parse_weights: that parameter as double precision[], or NULL if it is the
 * name of a profile.  Raises an error if the array has another form.
 *
 * mm_options_validate_weights: raise the same errors, and one for an empty text.
 * NULL, the default, is valid.  Whether the numbers are weights is looked at where
 * the columns are known, to which errors can refer then: see packing.h.
 */
extern void mm_options_init(void);
extern MMOptions mm_options_get(Relation index);
extern char *mm_options_scales(Relation index);
extern char *mm_options_subindexes(Relation index);
extern char *mm_options_weights(Relation index);
extern int	mm_options_parse_scales(const char *value, double *scales);
extern void mm_options_validate_scales(const char *value);
extern ArrayType *mm_options_parse_weights(const char *value);
extern void mm_options_validate_weights(const char *value);

/* The access method's callback. */
extern bytea *mmdb_options(Datum reloptions, bool validate);

#endif							/* MM_OPTIONS_H */
