# Draws one diagram; bench/plot says of what.

set terminal svg size 700,600 font 'sans,13' background 'white'
set output image
if (axes ne '') set logscale @axes
if (axes ne 'xy') set autoscale xfix
set format x '%g'
set format y '%g'
set xlabel xname
set ylabel yname
set title heading
set key outside below maxcols 2
set grid
stats points using 1 nooutput
plot for [i = 0 : STATS_blocks - 1] points index i using 1:2 with linespoints linewidth 1.5 title columnheader(1)
