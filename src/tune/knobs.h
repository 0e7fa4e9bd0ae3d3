/*-------------------------------------------------------------------------
 *
 * knobs.h
 *	  What can be tuned: storage parameters of an index, and settings of a
 *	  session, each with its range and meaning.
 *
 * A configuration is a value for each knob.  Whoever proposes configurations sees
 * them as points of a cube: each value as a number from 0 to 1.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_KNOBS_H
#define MM_KNOBS_H

#include "tune/copy.h"
#include "tune/parameters.h"

/* All knobs of an index, and some of a session. */
#define MM_MAX_KNOBS	(MM_MAX_COLUMNS + 16)

#define MM_MAX_CHOICES	8

typedef enum MMKnobKind
{
	MM_KNOB_INTEGER,			/* from low to high */
	MM_KNOB_REAL,
	MM_KNOB_CHOICE,				/* the number of one of its choices */
} MMKnobKind;

typedef struct MMKnob
{
	const char *name;
	const char *meaning;
	const char *unit;			/* of a setting, behind its value; or "" */
	MMKnobKind	kind;
	double		low;
	double		high;
	bool		logarithmic;	/* equal factors are equally far in the cube */
	int			nchoices;
	const char *choices[MM_MAX_CHOICES];
	int			column;			/* whose sub-index it is; or -1 */
	double		standard;		/* the default */
} MMKnob;

typedef struct MMKnobs
{
	bool		session;		/* settings, not storage parameters */
	int			n;
	MMKnob		knobs[MM_MAX_KNOBS];
	const MMWorkload *workload;
	double		weights[MM_MAX_COLUMNS];	/* the workload's, for the knob weights */
	int			nfixed;			/* knobs of sub-indexes that are not tuned */
	MMKnob		fixed[MM_MAX_COLUMNS];
} MMKnobs;

/*
 * mm_knobs_of_index: the storage parameters that can be tuned, with the sub-indexes
 * that an index over the copy, made with default parameters, has as their defaults.
 *
 * mm_knobs_of_session: the settings, with their present values as defaults.  If
 * timed, those as well that change times only.
 *
 * mm_knobs_choose: keep those that are among the n names.
 */
extern MMKnobs *mm_knobs_of_index(const MMWorkload *workload, const MMCopy *copy,
								  const MMTrialIndex *standard);
extern MMKnobs *mm_knobs_of_session(const MMWorkload *workload, bool timed);

/*
 * mm_knobs_is_name: is this the name of a knob of the index (session: of the session),
 * or of several?
 *
 * mm_knobs_names_include: do n such names, or no names, include a whole storage
 * parameter?
 *
 * mm_knobs_list: all names, for a message.
 */
extern bool mm_knobs_is_name(const MMWorkload *workload, bool session, const char *name);
extern bool mm_knobs_names_include(char **names, int n, const char *parameter);
extern char *mm_knobs_list(const MMWorkload *workload);
extern void mm_knobs_choose(MMKnobs *knobs, char **names, int n);

/*
 * mm_knobs_standard: the values of all knobs by default.
 *
 * mm_knobs_decode: the values at a point of the cube; and mm_knobs_encode back,
 * where all points with these values become one.
 */
extern void mm_knobs_standard(const MMKnobs *knobs, double *values);
extern void mm_knobs_decode(const MMKnobs *knobs, const double *point, double *values);
extern void mm_knobs_encode(const MMKnobs *knobs, const double *values, double *point);

/*
 * mm_knobs_json: a configuration as the text of a jsonb.
 *
 * mm_knobs_parameters: set those of the storage parameters that differ from the
 * defaults.
 *
 * mm_knobs_statements: the statements that give the index these parameters beside
 * those kept, or the session these settings.  Returns how many there are, at most MM_MAX_KNOBS.
 *
 * mm_knobs_set: set the settings, until the GUC nest level ends.
 */
extern char *mm_knobs_json(const MMKnobs *knobs, const double *values);
extern void mm_knobs_parameters(const MMKnobs *knobs, const double *values, MMParameters *parameters);
extern int	mm_knobs_statements(const MMKnobs *knobs, const double *values, const MMParameters *kept,
								char **statements);
extern void mm_knobs_set(const MMKnobs *knobs, const double *values);

/*
 * mm_weights_parameter: weights to the power of sharpness, as a value of the storage
 * parameter.
 */
extern char *mm_weights_parameter(const double *weights, int m, double sharpness);

/*
 * mm_alter_statements: the statements that make the index anew with these storage
 * parameters in the place of those that it has.  Returns how many there are, 3 at
 * most; none if there is nothing to change.
 */
extern int	mm_alter_statements(const MMWorkload *workload, const MMParameters *parameters,
								char **statements);

#endif							/* MM_KNOBS_H */
