set multiplot layout 1,2
set title 'log p of a series, and divergence'
set xlabel 'gradients'; set key center right
plot 'latent_sde_training.csv' using 1:2 with lines lw 1.5 lc rgb blue title 'log p', \
     '' using 1:3 with lines lw 1.5 lc rgb orange title 'divergence'
set title 'x of three series, and of three paths of the learnt prior'
set xlabel 't'; set key bottom left
plot 'latent_sde.csv' using 1:2 with lines lc rgb grey title 'series', '' using 1:3 with lines lc rgb grey title '', \
     '' using 1:4 with lines lc rgb grey title '', '' using 1:5 with lines lc rgb green title 'prior', \
     '' using 1:6 with lines lc rgb green title '', '' using 1:7 with lines lc rgb green title ''
unset multiplot
