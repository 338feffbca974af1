message("leaving")
quit(save = "no", status = 3)
