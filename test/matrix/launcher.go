// Starts its first argument with the placeholder where its second one says.
package main

import (
	"os"
	"os/exec"
)

func main() {
	placeholder := "$VAULT" + "<gh>"
	command := exec.Command(os.Args[1], "x")
	if os.Args[2] == "argv" {
		command = exec.Command(os.Args[1], placeholder)
	} else {
		command.Env = append(os.Environ(), "T="+placeholder)
	}
	if err := command.Run(); err != nil {
		panic(err)
	}
}
