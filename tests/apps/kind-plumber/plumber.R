#* @apiTitle Echoes

#* Say it again
#* @param words What to say
#* @get /echo
function(words = "nothing") list(words = words, folder = basename(getwd()))
